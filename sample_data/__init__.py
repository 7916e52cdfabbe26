"""Small inputs for every command, and the script that made them."""
