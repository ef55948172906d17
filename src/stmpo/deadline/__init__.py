"""Jobs for AWS Deadline Cloud: templates, bundles, checks and submission. Nothing here runs on a worker."""
