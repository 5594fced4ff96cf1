-- What is current of a product, and the latest version of a branch or of a status:
-- found at once, however many others there are.

create index versions_product_branch_precedence on versions (product_id, scm_branch, precedence, created_at_us, id) where scm_branch is not null;
create index versions_product_status_precedence on versions (product_id, status, precedence, created_at_us, id);
create index deployments_product_current on deployments (product_id, environment_id) where current;
