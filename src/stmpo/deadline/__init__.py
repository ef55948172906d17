"""Jobs for AWS Deadline Cloud: bundles, job templates, submission. Nothing here runs on a worker."""
