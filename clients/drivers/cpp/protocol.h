// The lines between a driver and the test, see doc.go.
#pragma once
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using Command = std::vector<std::string>;

// Client is what a driver has to offer. The replies are written with the
// functions below; what it throws is a failure without a reply.
struct Client {
	virtual ~Client() = default;
	virtual std::string call(const Command &) = 0;
	virtual std::vector<std::string> pipeline(const std::vector<Command> &) = 0;
};

using Connect = std::function<Client *()>;

void serve(const std::string &name, const std::string &version, const std::string &null, const Connect &connect);

std::string text(char kind, const std::string &bytes);
std::string array(const std::vector<std::string> &items);
