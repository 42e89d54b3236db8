"""Where the shipped networks are trained, and everything measured. Nothing outside imports it but faces, late."""
