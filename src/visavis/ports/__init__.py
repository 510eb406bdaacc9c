"""What the server and the clients need from the world, as Protocol classes."""
