-- of each version of a strategy's file that was read to be followed: when, and whether it was loaded
SELECT
    file, strategy, file_hash, min(checked_at_ms) AS first_checked_at_ms, max(checked_at_ms) AS last_checked_at_ms,
    count(*) AS checks, max(CASE WHEN passed THEN 1 ELSE 0 END) AS passed
FROM strategy_checks
WHERE loads
GROUP BY file, strategy, file_hash
