"""What writes parts of the reference, and what mkdocs needs beyond itself."""
