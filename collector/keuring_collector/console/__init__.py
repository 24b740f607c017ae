"""The pages that desk staff live in."""
