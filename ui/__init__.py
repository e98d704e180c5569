"""What a person sees: the command line and the Gradio app. Renders what `agent` says and computes nothing."""
