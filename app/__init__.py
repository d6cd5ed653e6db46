"""sanbou_app: slips, targets and stock of a company that collects and recycles industrial waste."""
