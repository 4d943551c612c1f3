package proof

// What the product can do by now. A line that is false is work to be done here
// when it has landed.
const (
	hasFences = true
	hasBreaks = false
	// keepsTheRest: what a refused extension finds of a lock is not released while
	// the validity lasts that its holder was told.
	keepsTheRest = false
)
