"""The report with which the desk and the IT department work together: made weekly and monthly, and kept as issued."""
