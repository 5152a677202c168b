"""startMonitoring: rounds of looks at consumers, judged as Java's ``MonitorService`` does."""
