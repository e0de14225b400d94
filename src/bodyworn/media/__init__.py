"""What is inside a recording: probe, index, pictures, sound. Files in, nouns and files out."""
