select * from {{ ref('customer_totals') }} where total < {{ var('lowest_total') }}
