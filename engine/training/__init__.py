"""Training of the weights that ship with the application, from the command line."""
