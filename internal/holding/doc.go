// Package holding holds one lock as a client of running proxies, for as long as
// something else takes.
//
//	held, err := holding.Lock(ctx, holding.Options{
//		Proxies: proxies, Resource: "jobs:42", TTL: 30 * time.Second,
//	})
//	if err != nil { … } // nothing is held
//	go held.Keep(ctx)
//	// Until holding.Now() is held.Until() nobody else holds the lock.
//	err = held.Release()
//
// It asks one proxy at a time. When that one fails, the next is asked with the
// same token, which makes every question safe to repeat. What counts is the
// clock and never that a connection is open: a machine that was suspended, or a
// proxy that is gone, must not leave a holder that believes what is over.
//
// Left out: what to do when the lock is lost, and more than one lock.
package holding
