"""What people and machines do: every write is an action, every state has its moves, every move leaves an audit row."""
