"""The loop that trains what we ship: recipes, state, history, export, validation. It knows no network by name."""
