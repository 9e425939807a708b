select id as order_id, customer_id, total from {{ ref('raw_orders') }}
