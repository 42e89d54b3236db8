"""How good a backend is on photos whose truth is known: holes, measures, protocols of the papers, tables, report pages."""
