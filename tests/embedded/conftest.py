"""The helpers of these tests are modules beside them."""

#: Started as processes by the tests, never imported.
collect_ignore = ["programs"]
