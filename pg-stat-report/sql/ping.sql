-- Does anything answer?
-- Costs: nothing worth a word. Needs: no right.
SELECT 1 AS one;
