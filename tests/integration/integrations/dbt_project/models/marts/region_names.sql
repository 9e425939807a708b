select name from {{ source('geo', 'regions') }}
