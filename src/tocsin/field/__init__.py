"""The agent beside the instrument: records in, local detector, durable spool, sending."""
