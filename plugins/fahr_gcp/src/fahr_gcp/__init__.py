"""Training jobs on Google Cloud's Vertex AI for fahr."""
