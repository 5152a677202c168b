"""One module for each thing that mqadmin commands are about; commands only wire, never decide."""
