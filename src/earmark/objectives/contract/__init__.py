"""What an objective asks for, read from its signature."""
