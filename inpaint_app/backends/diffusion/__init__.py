"""Inpainting with Stable Diffusion through diffusers. Importing this imports neither torch nor diffusers."""
