#include "protocol.h"
#include <future>
#include <iostream>
#include <memory>
#include <thread>

std::string text(char kind, const std::string &bytes)
{
	static const char digits[] = "0123456789abcdef";
	std::string out(1, kind);
	for (unsigned char c : bytes)
		out.append({digits[c >> 4], digits[c & 15]});
	return out;
}

std::string array(const std::vector<std::string> &items)
{
	std::string out;
	for (const auto &item : items)
		out += (out.empty() ? "" : " ") + item;
	return "a(" + out + ")";
}

static std::string bytes(const std::string &word)
{
	std::string out;
	for (size_t i = 0; word != "-" && i < word.size(); i += 2)
		out += static_cast<char>(std::stoi(word.substr(i, 2), nullptr, 16));
	return out;
}

static std::string attempt(const std::function<std::string()> &run)
{
	try {
		return run();
	} catch (const std::exception &failure) {
		return text('x', failure.what());
	}
}

// callers has a client and a thread for each, and starts them together.
static std::string callers(size_t count, const Connect &connect, const Command &command)
{
	std::promise<void> gate;
	std::shared_future<void> open(gate.get_future());
	std::vector<std::string> answers(count);
	std::vector<std::thread> threads;
	for (auto &answer : answers)
		threads.emplace_back([&connect, &command, &answer, open] {
			answer = attempt([&] {
				std::unique_ptr<Client> client(connect());
				open.wait();
				return client->call(command);
			});
		});
	gate.set_value();
	for (auto &thread : threads)
		thread.join();
	return array(answers);
}

static std::string answer(Client &client, const Connect &connect, const std::string &line)
{
	std::istringstream words(line);
	std::string kind, word;
	size_t count = 0;
	words >> kind;
	if (kind == "callers")
		words >> count;
	std::vector<Command> commands(1);
	while (words >> word)
		if (word == ";")
			commands.emplace_back();
		else
			commands.back().push_back(bytes(word));
	if (kind == "callers")
		return callers(count, connect, commands[0]);
	return attempt([&] {
		return kind == "call" ? client.call(commands[0]) : array(client.pipeline(commands));
	});
}

void serve(const std::string &name, const std::string &version, const std::string &null, const Connect &connect)
{
	std::unique_ptr<Client> client(connect());
	std::cout << "ready\tC++\t" << name << "\t" << version << "\t" << null << std::endl;
	for (std::string line; std::getline(std::cin, line);)
		std::cout << answer(*client, connect, line) << std::endl;
}
