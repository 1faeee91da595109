-- +goose Up
-- +goose StatementBegin
CREATE TABLE p (a int) PARTITION BY RANGE (a);
-- +goose StatementEnd
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2);
-- +goose Down
DROP TABLE p;
