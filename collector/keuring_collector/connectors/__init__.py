"""Other systems, one small folder each: chat channels that announcements go to, and ITSMs that incidents come from."""
