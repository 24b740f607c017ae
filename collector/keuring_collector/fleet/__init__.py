"""Endpoints, colleagues, departments, enrolment and the certificate authority."""
