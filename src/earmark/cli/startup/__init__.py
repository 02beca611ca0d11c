"""What every command starts with: late imports, names read without torch, a safe terminal."""
