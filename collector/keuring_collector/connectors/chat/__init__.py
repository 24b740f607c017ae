"""Chat: Mattermost, Teams, Nextcloud Talk, Matrix and others that apprise knows."""
