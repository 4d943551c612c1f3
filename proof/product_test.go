package proof

// keepsTheRest will be true when what a refused extension finds of a lock is no
// longer released while the validity lasts that its holder was told. Until then
// nodes do not forget in random runs with AUTOEXTEND.
const keepsTheRest = true
