"""What mqadmin prints, in the layout of Java's mqadmin 5.3.3: pure functions to lines of text."""
