"""Made forums for the measuring of drift: sites on five engines' markup, and what may happen to their pages."""
