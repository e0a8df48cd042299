"""What a service could not use: written, classified, read and sent again."""
