"""What QuixStreams keeps to itself and this project needs: its private names and inner modules stand here alone.

tests/streaming/test_quix_internals.py names each of them, so that an upgrade says at once which one has changed.
"""
