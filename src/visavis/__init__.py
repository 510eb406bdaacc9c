"""Visavis: voice and video calls inside direct messages, end-to-end encrypted always."""
