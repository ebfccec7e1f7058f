"""Loading streams into files on local disks and object storage."""
