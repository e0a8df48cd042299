-- feature rows as they were served (revision 0): what models train on
SELECT ${feature_row}
FROM technical_indicators_history
WHERE revision = 0
