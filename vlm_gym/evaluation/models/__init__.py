"""What reaches models: agents, endpoints with their protocols and errors, models in this process, stored answers."""
