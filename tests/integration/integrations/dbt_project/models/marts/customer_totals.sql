select customers.customer_id, customers.name, sum(orders.total) as total
from {{ ref('stg_customers') }} as customers
join {{ ref('paying') }} as orders using (customer_id)
group by 1, 2
