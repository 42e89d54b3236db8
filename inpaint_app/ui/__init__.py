"""The Gradio page: components, thin handlers, and what a visitor holds. No logic about inpainting lives here."""
