"""From development to production: a checklist that is computed, and the way back."""
