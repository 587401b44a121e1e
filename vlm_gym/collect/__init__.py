"""Episodes as supervised data: what a policy learns from before it is trained by reward."""
