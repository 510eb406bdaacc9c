"""Adapters for media: aiortc with SFrame, coturn as a child process."""
