"""The commander's live picture: devices, tracks, alarms, and the replay of past surveys."""
