package proof

// What the product can do by now. A line that is false is work to be done here
// when it has landed.
const (
	hasFences = false
	hasGuard  = false
	hasBreaks = false
)
