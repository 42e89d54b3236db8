"""How good a backend is on photos whose truth is known: holes, measures, papers' protocols, tables, report pages."""
