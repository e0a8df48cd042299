"""What every strategy must hold, whoever wrote it: the same bars give the same targets, and nothing looks ahead."""
