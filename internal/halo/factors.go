package halo

// ethnicGroups is the number of groups of the question ethnicity.
const ethnicGroups = 5
