"""How endpoints are spoken to, a file each: where requests go, what they hold, and where replies have the answer."""
