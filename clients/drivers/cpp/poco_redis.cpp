// Poco::Redis, of the POCO libraries.
#include "protocol.h"
#include <Poco/Environment.h>
#include <Poco/Redis/Array.h>
#include <Poco/Redis/Client.h>
#include <Poco/Redis/Error.h>
#include <Poco/Redis/Type.h>

using namespace Poco::Redis;

static std::string written(const RedisType::Ptr &reply)
{
	if (auto number = reply.cast<Type<Poco::Int64>>())
		return "i" + std::to_string(number->value());
	if (auto status = reply.cast<Type<std::string>>())
		return text('s', status->value());
	if (auto error = reply.cast<Type<Error>>())
		return text('e', error->value().getMessage());
	if (auto bulk = reply.cast<Type<BulkString>>())
		return bulk->value().isNull() ? "n" : text('s', bulk->value().value());
	const Array &all = reply.cast<Type<Array>>()->value();
	if (all.isNull())
		return "n";
	std::vector<std::string> items;
	for (const auto &item : all)
		items.push_back(written(item));
	return array(items);
}

class PocoClient : public ::Client {
	Poco::Redis::Client redis;
	std::string host;
	int port;

	static Array array_of(const Command &command)
	{
		Array all;
		return all.add(command);
	}

	// again connects first if the last failure ended the connection. It stays
	// connected as far as it knows.
	template <typename Run> auto again(Run run)
	{
		try {
			if (!redis.isConnected())
				redis.connect(host, port);
			return run();
		} catch (const Poco::Exception &failure) {
			redis.disconnect();
			throw std::runtime_error(failure.displayText());
		}
	}

public:
	PocoClient(const std::string &host, int port) : host(host), port(port)
	{
		redis.connect(host, port);
	}

	std::string call(const Command &command) override
	{
		return again([&] { return written(redis.sendCommand(array_of(command))); });
	}

	std::vector<std::string> pipeline(const std::vector<Command> &commands) override
	{
		std::vector<Array> arrays;
		for (const auto &command : commands)
			arrays.push_back(array_of(command));
		return again([&] {
			std::vector<std::string> replies;
			for (const auto &reply : redis.sendCommands(arrays))
				replies.push_back(written(reply));
			return replies;
		});
	}
};

static std::string version()
{
	const auto v = Poco::Environment::libraryVersion();
	return std::to_string(v >> 24) + "." + std::to_string(v >> 16 & 255) + "." + std::to_string(v >> 8 & 255);
}

int main(int argc, char **argv)
{
	const std::string host = argv[argc - 2];
	const int port = std::stoi(argv[argc - 1]);
	serve("Poco::Redis", version(), "isNull()", [&] { return new PocoClient(host, port); });
}
